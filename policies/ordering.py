"""How much to order: the one rule behind every built-in continuous replenishment policy.

A plain function of integers, so that it runs inside the compiled flow and in a test alike. (s,S), min-max and base
stock are the same rule with other numbers (base stock of level S: reorder point S - 1).
"""

ORDER_UP_TO = 1
LOT = 2


def order_quantity(
    policy: int,
    reorder_point: int,
    order_up_to: int,
    lot: int,
    minimum_order: int,
    multiple: int,
    capacity: int,
    position: int,
) -> int:
    """Units to order now, 0 for none, given the inventory position (recorded + on order - owed).

    `policy` is ORDER_UP_TO or LOT (any other code never orders). The need is raised to `minimum_order`, rounded up
    to `multiple`, and, where `capacity` is not negative, cut so that the position stays within it; what is left of
    the need is ordered only if it still reaches the minimum order.
    """
    if position > reorder_point:
        return 0
    if policy == ORDER_UP_TO:
        need = order_up_to - position
    elif policy == LOT:
        need = lot if position > reorder_point - lot else ((reorder_point - position) // lot + 1) * lot
    else:
        return 0
    if need < minimum_order:
        need = minimum_order
    quantity = need if multiple == 1 else (need + multiple - 1) // multiple * multiple
    if capacity >= 0 and quantity > capacity - position:
        quantity = (capacity - position) // multiple * multiple
        if quantity < minimum_order:
            return 0
    return quantity if quantity > 0 else 0

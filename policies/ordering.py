"""How much to order: the one rule behind every built-in replenishment policy.

Plain functions of integers, so that they run inside the compiled flow and in a test alike. (s,S), min-max and base
stock are the same rule with other numbers (base stock of level S: reorder point S - 1).
"""

ORDER_UP_TO = 1
LOT = 2
KANBAN = 3
CAN_ORDER = 4


def rounded(need: int, minimum_order: int, multiple: int, capacity: int, position: int) -> int:
    """A need as a quantity that may be ordered, 0 for none.

    It is raised to `minimum_order`, rounded up to `multiple`, and, where `capacity` is not negative, cut so that the
    position stays within it; what is left is ordered only if it still reaches the minimum order.
    """
    if need <= 0:
        return 0
    if need < minimum_order:
        need = minimum_order
    quantity = need if multiple == 1 else (need + multiple - 1) // multiple * multiple
    if capacity >= 0 and quantity > capacity - position:
        quantity = (capacity - position) // multiple * multiple
        if quantity < minimum_order:
            return 0
    return quantity if quantity > 0 else 0


def order_need(policy: int, reorder_point: int, order_up_to: int, lot: int, position: int) -> int:
    """Units wanted, 0 for none, given the inventory position (recorded + on order - owed).

    `policy` is ORDER_UP_TO, LOT or KANBAN (any other code never orders). With KANBAN the position counts debts only
    up to the stock, `lot` is the size of a bin and `order_up_to` is all bins full.
    """
    if position > reorder_point:
        return 0
    if policy == ORDER_UP_TO:
        return order_up_to - position
    if policy == LOT:
        return lot if position > reorder_point - lot else ((reorder_point - position) // lot + 1) * lot
    if policy == KANBAN:
        return (order_up_to - position) // lot * lot
    return 0


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
    """What a built-in policy orders: its need, as a quantity that may be ordered."""
    need = order_need(policy, reorder_point, order_up_to, lot, position)
    return rounded(need, minimum_order, multiple, capacity, position)

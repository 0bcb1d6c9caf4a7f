"""The tables of a saved state about plants and devices. The rules that give their columns a meaning: docs/plant.md."""

from typing import Final

from sim.columns import CAUSE_NAMES
from sim.plant.model import FIRST_ERROR, LAST_ERROR
from sim.state.kinds import ITEM, NODE, Kind, StateColumn, StateTable, needed, optional

_LINE: Final = (
    needed("plant", Kind.NODE, "the plant's own node"),
    needed("line", Kind.TEXT, "the line's name"),
)
_MACHINE: Final = (*_LINE, needed("machine", Kind.TEXT, "the machine's name"))
WHO_COLUMNS: Final = (
    optional("person", Kind.COUNT, "who draws it, numbered over all plants", "nobody knows"),
    optional("plant", Kind.NODE, "plant of the machine that it is for", "for no machine"),
    optional("line", Kind.TEXT, "that machine's line", "for no machine"),
    optional("machine", Kind.TEXT, "that machine", "for no machine"),
    optional("work_order", Kind.COUNT, "the line's work order at the time", "none"),
)
"""Who draws something, and what for."""

DEVICES: Final = StateTable(
    "devices",
    "Items in devices: what has been drawn from their random streams, and what their sensors know.",
    (
        NODE,
        ITEM,
        optional("draws", Kind.COUNT, "lines and turns so far", 0),
        optional("readings", Kind.COUNT, "readings taken so far", 0),
        optional("untold", Kind.NUMBER, "units taken less units put back since time 0, for readings to tell", 0),
        optional("covered", Kind.COUNT, "number of the last reading that arrived, was lost, or came before a count", 0),
        optional("covered_untold", Kind.NUMBER, "`untold` at that reading", 0),
        optional("jammed_until_ms", Kind.TIME, "gives nothing until", "is not jammed"),
        optional("counted_ms", Kind.TIME, "counted last at", "not counted yet"),
        optional("counted_message", Kind.COUNT, "messages with a lower number were taken before that count", 0),
        optional("off_plate", Kind.COUNT, "units that lie on another item's scale", 0),
        optional("foreign_mg", Kind.COUNT, "weight of other items on this scale, mg", 0),
        optional("calibrated_ms", Kind.TIME, "the scale drifts since", 0),
        optional("counts", Kind.COUNT, "counts so far", 0),
        optional("shown", Kind.NUMBER, "units shown at the last reading", "the stock on hand"),
        optional("stuck_from_ms", Kind.TIME, "the sensor is stuck from", 0),
        optional("stuck_to_ms", Kind.TIME, "until", 0),
        optional("stuck_draws", Kind.COUNT, "numbers taken from that stream", 0),
        optional("metered", Kind.NUMBER, "units that have passed the flow meter", 0),
        optional("leak_from_ms", Kind.TIME, "the tank's present or next leak begins at", "is drawn anew"),
        optional("leak_to_ms", Kind.TIME, "and ends at", "is drawn anew"),
        optional("leaked", Kind.COUNT, "units of it that are booked", 0),
        optional("leak_draws", Kind.COUNT, "numbers taken from that stream", 0),
        optional("inspected", Kind.COUNT, "deliveries inspected so far", 0),
        optional("told", Kind.NUMBER, "units that messages and readings have taken off the record so far", 0),
        optional("corrected", Kind.NUMBER, "units by which counts have changed the record so far", 0),
        optional("read", Kind.NUMBER, "the record after the last reading", 0),
    ),
    plants=True,
)
DIFFERENCES: Final = StateTable(
    "differences",
    "Why the record of a device differs from its shelf; for each node and item they add up to recorded - on_hand.",
    (
        NODE,
        ITEM,
        needed("cause", Kind.CAUSE, "one of: " + ", ".join(CAUSE_NAMES)),
        needed("quantity", Kind.NUMBER, "units that the record is too high for this cause"),
    ),
    plants=True,
)
MESSAGES: Final = StateTable(
    "messages",
    "What devices have told and gateways have not passed on yet, those of one gateway in the order of arrival.",
    (
        needed("gateway", Kind.GATEWAY, "the gateway"),
        NODE,
        ITEM,
        needed("number", Kind.COUNT, "its number, over all gateways"),
        needed("taken_ms", Kind.TIME, "told at"),
        needed("arrives_ms", Kind.TIME, "arrives at"),
        needed("stored", Kind.FLAG, "1: fills the gateway's store until then"),
        optional("reading", Kind.POSITIVE, "number of the reading", "no reading: a change"),
        optional("told", Kind.NUMBER, "of a change: units that are no longer under way once it has arrived", 0),
        optional("error", Kind.NUMBER, "of a change: units that the record is too high from then on", 0),
        optional("cause", Kind.CAUSE, "of that error", "needed for a change"),
        optional("untold", Kind.NUMBER, "of a reading: `untold` of its device", 0),
        *(
            optional(name.replace(" ", "_"), Kind.NUMBER, f"of a reading: units too many because of: {name}", 0)
            for name in CAUSE_NAMES[FIRST_ERROR : LAST_ERROR + 1]
        ),
    ),
    plants=True,
)
GATEWAYS: Final = StateTable(
    "gateways",
    "When the last message of a gateway arrives, or arrived.",
    (
        needed("gateway", Kind.GATEWAY, "the gateway"),
        optional("last_arrival_ms", Kind.TIME, "it arrives at", "it has sent nothing yet"),
    ),
    plants=True,
)
RETURNS: Final = StateTable(
    "returns",
    "Units that people have and that come back, or turn out to be lost: loans, and what will not be needed after all.",
    (
        NODE,
        ITEM,
        needed("returns_ms", Kind.TIME, "comes back at"),
        needed("loan", Kind.FLAG, "1: lent, 0: will not be needed"),
        optional("lot", Kind.COUNT, "row of table lots", "its lots are not tracked"),
        needed("reference", Kind.COUNT, "number of the line by which it was drawn"),
        needed("draw", Kind.COUNT, "number of the turn, by which its fate is drawn"),
        *WHO_COLUMNS,
    ),
    plants=True,
)
LIMITS: Final = StateTable(
    "limits",
    "What people have drawn in the present shift of items that are limited.",
    (
        NODE,
        ITEM,
        needed("person", Kind.COUNT, "numbered over all plants"),
        needed("quantity", Kind.POSITIVE, "units asked for in this shift"),
    ),
    plants=True,
)
LINES: Final = StateTable(
    "lines",
    "How long lines have run, and how long they stand.",
    (
        *_LINE,
        needed("running_ms", Kind.COUNT, "how long it has run so far"),
        optional("stopped_ms", Kind.COUNT, "working time lost in the present stop", "it does not stand"),
        optional("blamed", Kind.TEXT, "machine that the present loss is put down to", "it does not stand"),
        optional("blamed_ms", Kind.COUNT, "working time lost since that machine was the one", 0),
    ),
    plants=True,
)
MACHINES: Final = StateTable(
    "machines",
    "Machines: what they have been through, and why they stand.",
    (
        *_MACHINE,
        optional("failure_due_ms", Kind.NUMBER, "fails at this running time of its line", "not before it is repaired"),
        optional("failures", Kind.COUNT, "failures of its own so far", 0),
        optional("repairs", Kind.COUNT, "repairs begun so far", 0),
        needed("hazard_left", Kind.REAL, "unit exponential that has not run out yet; 0 without failures"),
        needed("hazard_at_ms", Kind.NUMBER, "running time of its line at which it was that much"),
        optional("failed", Kind.FLAG, "1: broken down", 0),
        optional("own_failure", Kind.FLAG, "1: by a failure of its own, so that the next one is drawn after it", 0),
        optional("repaired_ms", Kind.TIME, "a crew is at it until", "no crew is at it"),
        optional("turn", Kind.COUNT, "place in the queue for a crew, from 0", "does not wait for one"),
        optional("cause", Kind.STOP, "why it stands", "it does not stand"),
        optional("cause_item", Kind.ITEM, "because of this item", "of none"),
        optional("since_ms", Kind.TIME, "it stands since", "it does not stand"),
        optional("lost_ms", Kind.COUNT, "working time put down to this stop so far", 0),
        optional("by_record", Kind.FLAG, "1: the record alone kept more of the item from being ordered", 0),
    ),
    plants=True,
)
USES: Final = StateTable(
    "uses",
    "What machines use: when they want it, and whether they have it.",
    (
        *_MACHINE,
        ITEM,
        optional("due_ms", Kind.NUMBER, "wanted at this running time of the line", "is wanted already, or never"),
        optional("new_ms", Kind.NUMBER, "running time of the line at which it was put in", 0),
        optional("draws", Kind.COUNT, "numbers taken from its stream", 0),
        optional("booked", Kind.COUNT, "of a flow: units used that are booked", 0),
        needed("acceleration", Kind.REAL, "how much faster the present part wears than stated"),
        optional("open", Kind.FLAG, "1: it waits in the queue of its home, see table waiting", 0),
        optional("served", Kind.FLAG, "1: that has been given, and the machine hears of it now", 0),
        optional("stops", Kind.FLAG, "1: the machine stands for want of it", 0),
        optional("overdue", Kind.FLAG, "1: the machine runs on without it", 0),
        optional("waits", Kind.FLAG, "1: the machine stops at `due_ms`, the end of the working window", 0),
        optional("watches", Kind.FLAG, "1: until there is stock at its home", 0),
        optional("by_record", Kind.FLAG, "1: the record alone kept more of it from being ordered", 0),
    ),
    plants=True,
)
WRONG_PARTS: Final = StateTable(
    "wrong_parts",
    "Machines into which a wrong item was put, and when they fail of it.",
    (*_MACHINE, needed("fails_ms", Kind.TIME, "fails at")),
    plants=True,
)
DETECTION: Final = StateTable(
    "detection",
    "What detection rules remember of the stock points they watch, from one evaluation to the next.",
    (
        needed("rule", Kind.TEXT, "the rule's name, see table rules of a run"),
        NODE,
        ITEM,
        optional("reported", Kind.NUMBER, "`told` of the device at the last evaluation", 0),
        optional("counted", Kind.NUMBER, "`corrected` of the device at the last evaluation", 0),
        optional("read", Kind.NUMBER, "`read` of the device at the last evaluation", 0),
        optional("ran_ms", Kind.NUMBER, "running time of its plant's lines at the last evaluation, added up", 0),
        optional("silent_ms", Kind.COUNT, "for how long no report had changed the record by then", 0),
        optional("idle_ms", Kind.COUNT, "for how long no line of its plant had run by then", 0),
        optional("idle_use", Kind.NUMBER, "reported use in that time", 0),
        optional("seen", Kind.COUNT, "scans missed, or units expired, since the last evaluation", 0),
        optional("was", Kind.FLAG, "1: it was true at the last evaluation", 0),
        optional("alarm_ms", Kind.TIME, "the alarm that stands was raised at", "none stands"),
        optional("met", Kind.FLAG, "1: that alarm was right", 0),
        optional("truth_ms", Kind.TIME, "what is true now began at", "it is not true"),
        optional("told", Kind.FLAG, "1: an alarm has told of that", 0),
    ),
    plants=True,
)
PLANT_TABLES: Final = (
    DEVICES,
    DIFFERENCES,
    MESSAGES,
    GATEWAYS,
    RETURNS,
    LIMITS,
    LINES,
    MACHINES,
    USES,
    WRONG_PARTS,
    DETECTION,
)


def error_columns() -> tuple[StateColumn, ...]:
    """Columns of table messages with the errors of a reading, from FIRST_ERROR to LAST_ERROR."""
    return tuple(MESSAGES.column(name.replace(" ", "_")) for name in CAUSE_NAMES[FIRST_ERROR : LAST_ERROR + 1])

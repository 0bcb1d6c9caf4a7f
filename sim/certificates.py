"""The number of the certificate that comes with a lot: in one place, for traces and usage logs alike."""

from datetime import datetime, timedelta


def certificate_number(item: str, lot: int, received_ms: int, start: datetime) -> str:
    """The number of a lot's certificate, such as `filter-element/20260105-000017`.

    It is made of the item, the day on which the lot came into the network (`received_ms` after `start`; before it for
    opening stock) and the number of the lot, so that it is the same wherever the lot is named, and no other lot's.
    """
    return f"{item}/{start + timedelta(milliseconds=received_ms):%Y%m%d}-{lot:06d}"

"""People at a device: who may draw what, and what they do with it."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from policies.fields import Model, QuantityField, Share
from sim.scenario.distributions import DurationField
from sim.units import UnitError


class PutBack(Model):
    """What was drawn and not needed comes back."""

    share: Share = Field(ge=0, le=1, description="share of draws of which one unit comes back")
    after: DurationField = Field(description="from the draw until it is back")
    misplaced: Share = Field(
        0, ge=0, le=1, description="share of those that lands on the scale of the next weighed item of the shelf"
    )


class WrongItem(Model):
    """A person takes the item that lies next to the one he was to take."""

    share: Share = Field(ge=0, le=1, description="share of draws at which that happens")
    fails: Share = Field(
        0, ge=0, le=1, description="share of those that goes into the machine, which fails later; the rest is scrapped"
    )
    after: DurationField | None = Field(None, description="from the draw to that failure; needed where some fail")

    @model_validator(mode="after")
    def _fails_some_time(self) -> Self:
        if self.fails > 0 and self.after is None:
            raise UnitError("`fails` without `after`", "say when the machine fails, as in `after: 2 d`")
        return self


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class People(Model):
    """Who draws at a device. Needs a plant (`at`), to which they belong."""

    by: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=100)], ...] | None,
        BeforeValidator(_listed, json_schema_input_type=str | list[str] | None),
    ] = Field(None, min_length=1, description="groups of the plant's people that may draw; default: all of the plant")
    unauthorised: Share = Field(
        0, ge=0, le=1, description="share of lines by somebody of the plant, whether he may draw or not"
    )
    limit: dict[str, QuantityField] = Field(
        {}, description="{item or pattern: quantity per person and shift}, above 0; the last that fits counts"
    )

    @model_validator(mode="after")
    def _something_allowed(self) -> Self:
        for item, quantity in self.limit.items():
            if quantity.amount == 0:
                raise UnitError(
                    f"the limit of `{item}` is zero, so nobody could draw it",
                    "give at least one unit; who may draw nothing is left out of `by`",
                )
        return self

    def point_settings(self) -> dict[str, Any]:
        """Fields of `sim.plant_plan.DevicePoint` that are the same for all items; who and how much are not in it."""
        return {"unauthorised": self.unauthorised}


class PeopleWhoReturn(People):
    """Who draws at a device, and what comes back."""

    put_back: PutBack | None = Field(None, description="what is not needed and comes back; default: nothing")

    def point_settings(self) -> dict[str, Any]:
        """As in the base class, with what comes back."""
        settings = super().point_settings()
        if self.put_back is not None:
            settings |= {
                "put_back": self.put_back.share,
                "put_back_after": self.put_back.after.for_engine(),
                "misplaced": self.put_back.misplaced,
            }
        return settings


class PeopleAtShelf(PeopleWhoReturn):
    """Who draws at an open shelf, what comes back, and what is taken by mistake."""

    wrong_item: WrongItem | None = Field(None, description="draws at which another item is taken; default: never")

    def point_settings(self) -> dict[str, Any]:
        """As in the base class, with what is taken by mistake."""
        settings = super().point_settings()
        if self.wrong_item is not None:
            wrong = self.wrong_item
            settings |= {
                "wrong_item": wrong.share,
                "wrong_fails": wrong.fails,
                "wrong_fails_after": None if wrong.after is None else wrong.after.for_engine(),
            }
        return settings

"""Hardware in the loop: binds nodes of the twin to emulated or real devices and paces the twin by the wall clock.

Stands on `sim` and `device_emulators`, never the other way round.
"""

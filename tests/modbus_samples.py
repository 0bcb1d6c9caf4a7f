"""A register image made by hand, and requests as bytes, for tests of the Modbus servers."""

import struct

from device_emulators.faces.host import Disturbance
from device_emulators.faces.modbus_image import ExceptionCode, Identification, ModbusError
from device_emulators.signals import RefusedError, SignalError

BITS = 3000
REGISTERS = 1000
REFUSED = 900  # holding register that always refuses
SMALL = 901  # holding register of values up to 10


class SampleImage:
    """Tables from address 0 on; the inputs at first hold their own addresses."""

    def __init__(self, identification=None):
        self.identification = identification or Identification(vendor_url="https://example.org", model_name="M1")
        self.disturbance = Disturbance()
        self.coils = [False] * BITS
        self.discretes = [place % 3 == 0 for place in range(BITS)]
        self.holding = [0] * REGISTERS
        self.inputs = list(range(REGISTERS))
        self.writes = 0

    def read_coils(self, address, count):
        return _part(self.coils, address, count)

    def read_discretes(self, address, count):
        return _part(self.discretes, address, count)

    def read_holding(self, address, count):
        return _part(self.holding, address, count)

    def read_inputs(self, address, count):
        return _part(self.inputs, address, count)

    def write_coils(self, address, values):
        _part(self.coils, address, len(values))
        self.coils[address : address + len(values)] = values
        self.writes += 1

    def write_holding(self, address, values):
        _part(self.holding, address, len(values))
        new = dict(enumerate(values, address))
        if REFUSED in new:
            raise ModbusError.of(RefusedError("not now"))
        if new.get(SMALL, 0) > 10:
            raise ModbusError.of(SignalError("too much"))
        self.holding[address : address + len(values)] = values
        self.writes += 1


def _part(table, address, count):
    if address + count > len(table):
        raise ModbusError(ExceptionCode.ILLEGAL_ADDRESS)
    return table[address : address + count]


def read_inputs(address, count):
    return struct.pack(">BHH", 4, address, count)


def read_holding(address, count):
    return struct.pack(">BHH", 3, address, count)


def write_register(address, value):
    return struct.pack(">BHH", 6, address, value)


def registers(*values):
    return struct.pack(f">B{len(values)}H", 2 * len(values), *values)

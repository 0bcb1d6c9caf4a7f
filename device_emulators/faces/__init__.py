"""What emulated devices show to the outside: hosts, map files, and the faces of the protocols. Only here is I/O."""

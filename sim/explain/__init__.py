"""Why was this line short? The chain of causes behind a shortage, from the records of a run.

run_files      opens a run directory: names, tables, one item's orders, shipments and trips
item_log       what happened to one item: from the event log, or from simulating that replication again (replay)
stock_paths    levels at every stock point after each event, and every request with what it was given when
order_steps    the steps of a replenishment order, and how long each usually takes on its lane
suppliers      when a supplier could release an order: closed days, outages, capacity
chain          the explanation: shelf, order, source, upstream; a tree with root causes
"""

"""Tell people what happens to processes: in the console, by e-mail, and by signed webhooks.

The engine writes a ``Notice``. ``handing_out`` finds who wants to hear of it and writes their
deliveries, ``deliveries`` leases those out, ``courier`` has them sent beside the workers, so that a
receiver that hangs keeps no step waiting.
"""

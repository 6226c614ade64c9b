"""What any modem does: its terminal, wire, SIM, cells, registration, TCP, faults."""

"""What calls cost and how much of it is left: windows, counters, prices, bounds. Pure: time and tables are given."""

"""What a replication leaves behind: tables, levels, totals, and the sums that check them."""

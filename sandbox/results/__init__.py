"""What a run came to: its result, the metrics of its delivery, its timeline and its tables."""

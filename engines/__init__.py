"""What makes an instance durable: the log, the turns, the timers and the recovery."""

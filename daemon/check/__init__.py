"""`outcry check`: every part an alarm needs."""

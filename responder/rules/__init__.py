"""What HQ does about an alarm: pure, without database, clock or I/O."""

"""Making an alarm public: one small Publisher for each place where it can be said."""

"""An alarm's whole way as real processes in one folder, for the demo, the bench and the tests."""

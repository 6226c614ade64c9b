"""One adapter a device; each is the only importer of its library and has no opinion on alarms."""

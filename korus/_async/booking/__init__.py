"""I/O of bookings: runs the steps of `korus._booking`."""

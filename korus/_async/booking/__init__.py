"""The I/O of bookings: the steps of `korus._booking`, carried out."""

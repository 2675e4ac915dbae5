"""The intent log: a write-ahead log of booking requests in flight, in memory or in a database."""

"""The comparison of two descriptions on the wire: which requests are accepted, and which answers may come."""

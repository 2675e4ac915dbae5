"""korus, the Python SDK for the KorusTicket API."""

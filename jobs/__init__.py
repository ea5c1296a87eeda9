"""The sync domain and everything RQ runs. No Flask in here."""

"""The only code that knows a CRM."""

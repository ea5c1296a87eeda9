"""A HubSpot portal: its CRM API, its OAuth server and what happens inside it."""

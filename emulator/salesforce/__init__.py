"""A Salesforce org on loopback: data, rules, permissions and the REST API over them."""

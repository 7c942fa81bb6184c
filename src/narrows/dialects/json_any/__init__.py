"""Any JSON inference endpoint: where the model, the texts and the usage are is declared on the connection."""

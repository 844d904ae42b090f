"""What every benchmark hands over: figures with their uncertainty, tables, charts."""

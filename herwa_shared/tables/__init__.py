"""Tables with typed columns, written as CSV for programs and as XLSX for people."""

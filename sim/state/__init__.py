"""The state of a twin as documented tables: saved, checked, loaded, or written from an ERP extract."""

"""The descriptions of the ERP's resources, with their decode functions: one file per family."""

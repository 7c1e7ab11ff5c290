"""Is it safe to go live? The shops file against the ERP and the tills; every fault at once, nothing written.

Public: :func:`bp_assets.preflight.check.check` and :class:`bp_assets.preflight.report.Report`.
"""

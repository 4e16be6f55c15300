"""What a reviewer wants to know of a preview: what changes for whom, and what may go wrong.

``engine_json`` reads what the engine printed, ``changes`` says what it means for namespaces, Secrets and accounts,
``risks`` judges it, the ``report_*`` tell, and ``comment`` puts a report into a pull request. Nothing else imports it.
"""

"""Why does it not pull? A diagnosis of a whole cluster: what doesn't pull, why, and what to type.

``observation`` is what was read, ``reader`` reads it, the ``*_rules`` judge it, ``reports`` tell. It works on any
cluster, with or without ImagePullSecrets having run there, and only ever reads.
"""

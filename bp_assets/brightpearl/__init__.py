"""The ERP edge: Brightpearl's REST API.

``client`` speaks HTTP and knows the three outcomes (``errors``, ``answer``); ``pacing`` shares the request cap;
``calls`` and ``multi_message`` write; ``search`` and ``reading`` read; ``encode`` makes the bodies of documents. The
other modules read one subject each. Read and written: the ERP.
"""

"""The simulated tills: a Square seller over HTTP and two shops whose tills drop export files, one trading day at a
time.
"""

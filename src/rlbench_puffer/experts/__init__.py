"""Scripted experts: they plan along a task's waypoints and act like any policy.

A layer of their own below the vector backends: recording, benchmarks, training and
demos all let them act.
"""

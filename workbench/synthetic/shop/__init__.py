"""Behaviour of customers in the shop: visits, orders, payments, contracts and leaving."""

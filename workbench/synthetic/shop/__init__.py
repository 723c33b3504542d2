"""What customers do in the shop: visits, purchases, payments, plans, and leaving it."""

"""What is said between company and customers: mail, tickets, reviews, surveys, decisions."""

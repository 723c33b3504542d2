"""Contact between company and customers: mail, offers, tickets, chats, reviews and surveys."""

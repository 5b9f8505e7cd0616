"""Space 用户空间: pages of enterprise users: their firms, who may act for them, who looked at them. It holds no rules."""

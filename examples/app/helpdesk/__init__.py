"""A small help desk: it reads a customer's message and answers with a language model."""

from helpdesk.answering import Answer, Ticket, answer

__all__ = ["Answer", "Ticket", "answer"]

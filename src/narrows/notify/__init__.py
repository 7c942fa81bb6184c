"""Telling people by chat, mail and webhooks what asks for their approval, and taking their answers from chats."""

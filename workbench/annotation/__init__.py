"""What people say about a document, act by act: sessions, editors, the acts themselves, rounds and agreement."""

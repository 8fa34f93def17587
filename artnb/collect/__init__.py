"""Images come in, from folders, museums, cameras and videos, are labelled by people, and are looked into."""

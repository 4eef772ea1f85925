"""The handlers, a file a group: decode is done, translate, one call of the application, translate."""

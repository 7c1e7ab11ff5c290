"""All of Brightpearl as tables: one description per resource, one engine that reads them."""

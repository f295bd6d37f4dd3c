"""The compact tools of AdCP 3.2: products, proposals, purchases and controls, one tool a file.

They work on the tables that get_products, create_media_buy and update_media_buy work on; a purchase becomes an order
and a control an update of those, with the same checks, approvals and governance.
"""

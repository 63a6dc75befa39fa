"""Customers and reps, and who may do what."""

from answerable.people.access import conversation_for_customer, conversation_for_rep, message_for_customer, require_role
from answerable.people.customers import Introduction, customer_with, identify, introduce
from answerable.people.reps import (
    SignedIn,
    change_rep,
    first_admin_link,
    invite,
    is_signed_in,
    link_owner,
    renew_link,
    renew_link_by_email,
    rep_with,
    sign_in,
    sign_in_by_link,
    sign_out,
)

__all__ = [
    "Introduction",
    "SignedIn",
    "change_rep",
    "conversation_for_customer",
    "conversation_for_rep",
    "customer_with",
    "first_admin_link",
    "identify",
    "introduce",
    "invite",
    "is_signed_in",
    "link_owner",
    "message_for_customer",
    "renew_link",
    "renew_link_by_email",
    "rep_with",
    "require_role",
    "sign_in",
    "sign_in_by_link",
    "sign_out",
]

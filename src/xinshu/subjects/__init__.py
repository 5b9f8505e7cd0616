"""Subjects 主体: the registry of organisations, their identifiers and names, resolution with explanation, merge.

A subject is made and updated by the records of `enterprise-registration`. Everything else is only tied to it: by code,
or by a unique exact name; anything weaker is a suggestion, never a link. The room stores no facts about subjects
beyond what identifies them (records does) and shows nothing (publication does). Follows docs/rules.md section 1.6.
"""

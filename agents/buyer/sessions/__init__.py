"""Creative sessions: from an idea to drafts, by refinement in plain words to a final, and to manifests (rule 191).

A session is a review workflow beside the manifests of its campaign. Its adapter (``adapter``) composes real
images out of source assets and what is known about the brand; no language model has a part in it, so that the
same requests make the same bytes in every run.
"""

"""The audit of CorpusGen over real files: every mapping is made, and every one is checked."""

from arqon_maestro.corpusgen.audit.files import audit_source
from arqon_maestro.corpusgen.audit.report import Audit, audit_files

__all__ = ["Audit", "audit_files", "audit_source"]

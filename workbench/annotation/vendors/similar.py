"""The document whose labels help with another one: the last labelled one of its vendor."""

from storage import document_list, documents
from storage.document_list import Filter
from storage.records import Content
from workbench.annotation.field_states import seller_of
from workbench.annotation.session import AnnotationSession
from workbench.workspace import Workspace

_LOOKED_AT = 5  # documents that hold the seller's name, the latest first


def similar_to(workspace: Workspace, session: AnnotationSession) -> Content | None:
    """The last labelled document of the same group, else of the same seller's name.

    Looks through the words of all labelled documents: in a large workspace that takes a moment.
    """
    here, name = session.content.document, session.seller
    with workspace.db.read() as connection:
        if here.group:
            listed = document_list.ids(connection, Filter("labelled", group=here.group))
            if others := [n for n in listed if n != here.id]:
                return documents.open_document(connection, others[-1])
        if name:
            listed = document_list.ids(connection, Filter("labelled", text=name))
            for number in [n for n in reversed(listed) if n != here.id][:_LOOKED_AT]:
                other = documents.open_document(connection, number)
                if seller_of(other) == name:
                    return other
    return None

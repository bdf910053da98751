-- Private settings have versions of their own, above all that were given. A
-- sequence lets changes of different ones pass at the same time.
CREATE SEQUENCE document_version AS bigint;
SELECT setval('document_version', value + 1) FROM counter WHERE name = 'settings';
